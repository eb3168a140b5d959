"""A command, shell or subsystem on the other side.

launch    what to start
process   Process: its streams, signals and certain end
run       one command from start to end
redirect  where its streams come from and go to
files     local files and descriptors, beside the event loop
text      its streams as text
"""
