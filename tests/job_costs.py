"""What a piece of a job's work costs, counted: calls, queries, jobs, requests, bytes and processor time.

Counts tell causes apart on a busy machine, where seconds do not.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
from py4j.java_gateway import GatewayClient  # type: ignore[import-untyped]
from py4j.protocol import MEMORY_COMMAND_NAME  # type: ignore[import-untyped]

from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

type Cost = dict[str, float]


class Begun(NamedTuple):
    """The greatest ids of what has begun."""

    job: int
    stage: int
    query: int


@dataclass(slots=True)
class Meter:
    """Measures work of a session whose requests go through the proxy."""

    spark: "SparkSession"
    proxy: Proxy
    jvm_calls: int = 0
    requests: Counter[str] = field(default_factory=Counter)  # of the work measured last, by operation

    def measure(self, work: Callable[[], object]) -> Cost:
        """What the work costs."""
        before, begun = self._totals(), self._begun()
        calls, started = self.jvm_calls, perf_counter()
        with self.proxy.recording() as made:
            work()
        seconds, calls = perf_counter() - started, self.jvm_calls - calls
        after = self._totals()
        self.requests = Counter(call.operation for call in made)
        return {
            "seconds": seconds,
            **{name: after[name] - before[name] for name in after},
            **self._since(begun),
            "jvm_calls": calls,
            "s3_requests": self._requests_to("s3"),
            "glue_requests": self._requests_to("awsglue"),
        }

    def _requests_to(self, service: str) -> int:
        return sum(number for name, number in self.requests.items() if name.startswith(f"{service}."))

    def _totals(self) -> Cost:
        """Totals since the session began."""
        jvm: Any = self.spark._jvm
        compiled = jvm.org.apache.spark.metrics.source.CodegenMetrics.METRIC_COMPILATION_TIME().getCount()
        beans = jvm.java.lang.management.ManagementFactory
        return {
            "cpu_seconds": _processor_seconds(),
            "jit_seconds": beans.getCompilationMXBean().getTotalCompilationTime() / 1000,
            "classes_compiled": compiled,
            "classes_loaded": beans.getClassLoadingMXBean().getTotalLoadedClassCount(),
        }

    def _begun(self) -> Begun:
        """How many jobs, stages and queries have begun. Of older ones Spark forgets all but a thousand."""
        jobs, stages, queries = self._lists()
        return Begun(
            max((job.jobId() for job in jobs), default=-1),
            max((stage.stageId() for stage in stages), default=-1),
            max((query.executionId() for query in queries), default=-1),
        )

    def _since(self, begun: Begun) -> Cost:
        """What Spark lists of the jobs, stages and queries that have begun since."""
        jobs, stages, queries = self._lists()
        jobs = [job for job in jobs if job.jobId() > begun.job]
        stages = [stage for stage in stages if stage.stageId() > begun.stage]
        return {
            "task_seconds": sum(stage.executorCpuTime() for stage in stages) / 1e9,
            "job_seconds": sum(
                (job.completionTime().get().getTime() - job.submissionTime().get().getTime()) / 1000
                for job in jobs
                if job.completionTime().isDefined()
            ),
            "queries": sum(query.executionId() > begun.query for query in queries),
            "jobs": len(jobs),
            "tasks": sum(job.numTasks() for job in jobs),
            "shuffled_bytes": sum(stage.shuffleWriteBytes() for stage in stages),
            "written_bytes": sum(stage.outputBytes() for stage in stages),
        }

    def _lists(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The jobs, stages and queries that Spark remembers."""
        jvm: Any = self.spark._jvm
        session: Any = self.spark._jsparkSession
        session.sparkContext().listenerBus().waitUntilEmpty()
        scala, store = jvm.scala.jdk.javaapi.CollectionConverters, session.sparkContext().statusStore()
        no_quantiles = self.spark.sparkContext._gateway.new_array(jvm.double, 0)  # type: ignore[union-attr]
        return (
            list(scala.asJava(store.jobsList(None))),
            list(scala.asJava(store.stageList(None, False, False, no_quantiles, None))),
            list(scala.asJava(session.sharedState().statusStore().executionsList())),
        )


@contextmanager
def metered(spark: "SparkSession", proxy: Proxy) -> Iterator[Meter]:
    """A meter that counts the calls of the JVM by this process inside the block."""
    meter, lock = Meter(spark, proxy), threading.Lock()
    send = GatewayClient.send_command

    def counting(self: Any, command: str, *arguments: Any, **named: Any) -> Any:
        if not command.startswith(MEMORY_COMMAND_NAME):  # of objects that Python has dropped, at any time
            with lock:
                meter.jvm_calls += 1
        return send(self, command, *arguments, **named)

    GatewayClient.send_command = counting
    try:
        yield meter
    finally:
        GatewayClient.send_command = send


def _processor_seconds() -> float:
    """Of this process, its JVM and the Python workers."""
    found = 0.0
    here = psutil.Process()
    for process in (here, *here.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += times.user + times.system
    return found
