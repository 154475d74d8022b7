"""Child processes that are kept: each takes calls over a pipe, and answers them one by one."""
