"""RQ jobs (match, deliver), the clock, and the channels. The only room that knows RQ."""
