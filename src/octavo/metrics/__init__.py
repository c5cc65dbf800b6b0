"""What a process tells Prometheus. The only room that knows its client; `app` brings it in."""
