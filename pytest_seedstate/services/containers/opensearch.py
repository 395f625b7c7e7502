"""An OpenSearch node in a container."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.services.containers.docker_engine import End
from pytest_seedstate.services.containers.http_status import status_of
from pytest_seedstate.services.containers.opensearch_emptying import empty_node
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.containers.service import ContainerService
from pytest_seedstate.services.containers.spots import Spot
from pytest_seedstate.services.ports import HOST

_MEMORY = "/seedstate"
#: The heap: small, as test data is; 256 MB are enough for a node of 3.8 (measurements: opensearch.md).
_HEAP = "512m"
_NEEDED = "1.5 GB"
#: SIGKILL, by which the system ends what takes too much memory.
_KILLED = 137
#: What a Java machine says that cannot have its heap.
_NO_MEMORY = ("insufficient memory", "Cannot allocate memory", "OutOfMemoryError")


class ContainerOpenSearch(ContainerService):
    """One OpenSearch node, without its security plugin."""

    name = "opensearch"
    title = "the OpenSearch container"
    image_setting = "seedstate_opensearch_image"
    # It has one space of index names, and no accounts.
    alone_by_default = True

    def recipe(self) -> Recipe:
        """A small heap, data and snapshots in memory."""
        return Recipe(
            image=self._image,
            port=9200,
            environment={
                "discovery.type": "single-node",
                "DISABLE_SECURITY_PLUGIN": "true",
                "DISABLE_INSTALL_DEMO_CONFIG": "true",
                "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true",
                "OPENSEARCH_JAVA_OPTS": f"-Xms{_HEAP} -Xmx{_HEAP}",
                "path.data": f"{_MEMORY}/data",
                "path.repo": f"{_MEMORY}/snapshots",
                # A full disk elsewhere on the machine would make every index read-only.
                "cluster.routing.allocation.disk.threshold_enabled": "false",
            },
            memory_folders=(_MEMORY,),
        )

    def told(self, spot: Spot) -> Mapping[str, str]:
        """``url``, ``host``, ``port``."""
        return {"url": f"http://{HOST}:{spot.port}", "host": HOST, "port": str(spot.port)}

    def answers(self, spot: Spot) -> bool:
        """Whether it has chosen itself as the cluster's manager and knows its indices."""
        return status_of(spot.port, "/_cluster/health") == 200

    def empty(self, spot: Spot) -> None:
        """Delete all that is in the node."""
        empty_node(spot.port)

    def advice(self, end: End) -> str | None:
        """What to do where memory is short."""
        no_memory = end.out_of_memory or end.status == _KILLED
        if not no_memory and not any(words in end.log for words in _NO_MEMORY):
            return None
        there = self._engine.memory() if self._engine is not None else 0
        told = f" (it has {there / 10**9:.1f} GB)" if there else ""
        return (
            f"OpenSearch needs about {_NEEDED} of memory: give the Docker engine more{told}, end other "
            "containers, or take the embedded OpenSearch: seedstate_provider = "
            "containers,opensearch=embedded"
        )
