"""What must never be lost: the ledger's records, limit actions and sessions."""

from .journal import Journal, JournalUnavailableError, Kept

__all__ = ["Journal", "JournalUnavailableError", "Kept"]
