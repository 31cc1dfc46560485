// Replaced by the first real command.
