"""The section of a profile about roles: how the book is split, what proves who wrote a record, who may be the desk."""

from typing import Literal

from actors.gateways.stream_settings import StreamSettings
from actors.settings import more_than_zero
from contracts.quantities import Seconds
from contracts.secret import check_reference

Role = Literal["all", "ingest", "agents", "desk"]


class RolesSettings(StreamSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a book is split over processes, the same for all of them.

    `key` refers to the secret that proves who wrote a record (`env:NAME` or `file:PATH`); without one no role but `all`
    is started. A desk renews its claim on the account all the time; one that could not for `lease_s` sends no order,
    and another may take the account then.

    Raises:
        ValueError: as StreamSettings, a lease that is not positive, or a key that is no reference.
    """

    key: str = ""
    lease_s: Seconds = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        more_than_zero("roles", lease_s=self.lease_s)
        if self.key:
            check_reference("roles.key", self.key)
