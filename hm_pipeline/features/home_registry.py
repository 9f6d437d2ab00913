"""Feast's registry of a home, as ``feature_store.yaml`` names it: a home in which nothing is registered is refused in one line."""

from pathlib import Path
from typing import Any

from feast.infra.registry.file import FileRegistryStore
from google.protobuf.message import DecodeError

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.features.default_home import default_home, print_errors_in_one_line

HINT = "run `hm run --week D`, which registers the views, or name another home by HM_HOME"


class HomeRegistryStore(FileRegistryStore):  # type: ignore[misc]
    """Registry file of the home; Feast's own class would begin an empty one wherever it is asked for a list."""

    def __init__(self, registry_config: Any, repo_path: Path) -> None:
        print_errors_in_one_line()
        super().__init__(registry_config, repo_path)
        if not registry_config.path:
            self._filepath = default_home() / "feast" / "registry.db"

    def get_registry_proto(self) -> Any:
        """Return what is registered.

        Raises
        ------
        MissingInput
            If nothing is, or the file was cut short.
        """
        if not self._filepath.exists():
            raise MissingInput("nothing is registered with Feast", where=str(self._filepath.parents[1]), hint=HINT)
        try:
            return super().get_registry_proto()
        except DecodeError as error:
            raise MissingInput(
                "cannot be read", where=str(self._filepath), hint="run `hm run --week D` again, it registers anew"
            ) from error

    def begin(self) -> None:
        """Write an empty registry where there is none, for `feast apply`."""
        from feast.protos.feast.core.Registry_pb2 import Registry  # noqa: PLC0415 - only `feast apply` needs it

        if not self._filepath.exists():
            self.update_registry_proto(Registry())
