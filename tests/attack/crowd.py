"""Many clients in one process that connect and say nothing more: python -m tests.attack.crowd PORT CLIENTS

Says so when all are connected, waits for a line, and then tells how many the server has hung up on.
"""

import resource
import socket
import sys
import time

WAITING = b"GET /healthz HTTP/1.1\r\nhost: he"
SECONDS = 30


def main() -> None:
    port, clients = map(int, sys.argv[1:])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = [socket.create_connection(("127.0.0.1", port), timeout=SECONDS) for _ in range(clients)]
    for one in crowd[::2]:
        one.sendall(WAITING)
    print("connected", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + SECONDS
    print(sum(hung_up(one, until) for one in crowd), flush=True)


def hung_up(client: socket.socket, until: float) -> bool:
    """Whether the other side has let go, or does before that time."""
    client.settimeout(max(until - time.monotonic(), 0.001))
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


if __name__ == "__main__":
    main()
