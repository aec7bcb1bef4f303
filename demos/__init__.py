"""What people see: the page and its tabs. Computes nothing itself."""
