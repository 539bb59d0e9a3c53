"""What an export is made of: each file writes or measures one part of it."""
