"""Where an unfinished job keeps what, beside the folder it will become."""

import dataclasses

from pipeline import files


@dataclasses.dataclass(frozen=True)
class Layout:
    """Paths of a job, local or URLs.

    Attributes:
        output: Folder of records that the job leaves.
    """

    output: str

    @property
    def work(self):
        """Folder of the unfinished job."""
        return f"{self.output}.partial"

    @property
    def records(self):
        """Folder of whole record files: in the output itself where none can move."""
        return self.output if files.is_remote(self.output) else f"{self.work}/records"

    @property
    def aside(self):
        """Folder of files that are being written."""
        return f"{self.work}/aside"

    @property
    def lock(self):
        """File that a running job holds."""
        return f"{self.work}/lock"

    @property
    def plan(self):
        """File that says which job this is."""
        return f"{self.work}/plan.json"

    def planned(self, name):
        """File that tells a worker which patients make the shard of a name."""
        return f"{self.work}/planned/{name}"

    @property
    def finished(self):
        """Folder of the summaries of finished shards."""
        return f"{self.work}/finished"

    def summary(self, shard):
        """File that a shard leaves when its records are whole."""
        return f"{self.finished}/{shard.name}.json"
