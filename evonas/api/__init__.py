"""What `import evonas` offers: the functions behind the commands, with plain arguments."""
