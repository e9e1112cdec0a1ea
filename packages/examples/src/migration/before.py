"""Before: the helper of the Python driver. usage: before.py HOST PORT"""
import sys

from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args

host, port = sys.argv[1], int(sys.argv[2])
cluster = Cluster([host], port=port)
session = cluster.connect()

insert = session.prepare("INSERT INTO examples.numbers (a, b) VALUES (12, ?)")
execute_concurrent_with_args(session, insert, [(b,) for b in range(200)], concurrency=50)

select = session.prepare("SELECT b FROM examples.numbers WHERE a = 12 AND b = ?")
statements_and_params = [(select, (b,)) for b in (1, 2, 9999, None)]
results = execute_concurrent(session, statements_and_params, concurrency=50, raise_on_first_error=False)
for success, result in results:
    print(len(list(result)) if success else type(result).__name__)
cluster.shutdown()
