"""The e-mails: their words, their sending, and what was told of which night."""
