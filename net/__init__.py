"""The one guarded HTTP client for whoever talks to strangers. Imports nothing of ours."""
