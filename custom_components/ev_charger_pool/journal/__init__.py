"""What must never be lost: the ledger's records, limit actions, sessions and who got what."""

from .journal import Journal, JournalUnavailableError, Kept

__all__ = ["Journal", "JournalUnavailableError", "Kept"]
