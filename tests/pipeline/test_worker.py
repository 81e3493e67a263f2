import subprocess
import sys

WORKER = """
import sys, time
from pipeline import worker
worker.end_with(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(600)
"""
JOB = """
import os, subprocess, sys
command = [sys.executable, "-c", sys.argv[1], str(os.getpid())]
subprocess.run(command)
"""


def test_a_worker_ends_when_its_job_is_killed():
    job = subprocess.Popen([sys.executable, "-c", JOB, WORKER], stdout=subprocess.PIPE)
    assert job.stdout.readline() == b"ready\n"
    job.kill()
    # The worker holds the other end of the pipe, which closes with it.
    assert job.communicate(timeout=60)[0] == b""
