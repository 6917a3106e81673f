"""The preview that a pull request shows: what an update would do, why, how dangerous it is, and what will be live."""
