"""Binary packets in both directions (RFC 4253 section 6).

inbound       the receive buffer, from which packets are opened
outbound      packets are sealed and gathered into writes
compression   payloads compressed and expanded; loaded where it is offered
"""
