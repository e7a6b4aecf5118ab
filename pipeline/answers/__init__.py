"""What people ask of identity: why, what is doubtful, what happened to a customer."""
