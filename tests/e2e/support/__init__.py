"""What the end-to-end tests share: processes, projects, servers."""
