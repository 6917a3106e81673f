"""The sandbox: local Vercel and GitHub APIs, a real PostgreSQL and an edge, behind a proxy on loopback."""
