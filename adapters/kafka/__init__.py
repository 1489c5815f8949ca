"""Kafka: records of messages, the mirror that writes them, and who reads them; the one home of aiokafka."""
