"""The words of Tenfold as small frozen types.

No I/O, and no import of any other room: every room speaks through these types. One file a word:
`refusal`, `states`, `box`, `reading`, `budget`, `needs`, `command`, `job`, `decision`, `outcome`,
`wire` (to and from JSON).
"""
