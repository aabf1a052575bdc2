"""The rejection: a record that failed validation, kept with its reason."""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a record was rejected. The codes are part of the ledger: add, never rename."""

    NOT_A_RECORD = "not_a_record"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_TEXT = "bad_text"
    BAD_NUMBER = "bad_number"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    BAD_ROW = "bad_row"


class Rejection(msgspec.Struct, frozen=True):
    """One rejected record of a payload.

    `ordinal` is its position in the payload, `detail` says to a person what is wrong, `record` is its text as
    it was sent (empty where the parser leaves it to the caller to cut it out).
    """

    ordinal: int
    reason: Reason
    detail: str
    record: str = ""
