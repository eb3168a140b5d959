"""Many hosts at once: bounded, with what became of each host as data.

results    what became of one host, and of all
run        hosts that are worked on, and what is known of them meanwhile
hosts      `on_hosts` and `run_on_hosts`
"""
