"""The numbers of the agents, one file per family; `quant.beliefs` turns their scores into beliefs."""
