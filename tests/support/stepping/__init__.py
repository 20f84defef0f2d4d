"""Run threads one at a time, by every schedule within a bound.

`explorer` says what is explored and how; `machine` runs one schedule, `points` stops threads where they could meet,
`doubles` and `loops` stand in for what would block a thread or let time pass.
"""
