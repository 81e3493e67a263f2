"""The recipe of a pipeline from raw data to a pushed model."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """What a pipeline reads, how it trains, and what closes its gates.

    Attributes:
        name: Name of the pipeline in ML Metadata.
        camus: CAMUS as downloaded, empty for none.
        echonet: EchoNet-Dynamic as downloaded, empty for none.
        labelled: Data set whose labels are learned and scored; pretraining sees all.
        unlabelled_frames: Kept of each video, as for `echo-keras build-tfrecords`.
        max_rejected: Largest share of files that may be damaged.
        pretrain: Recipe file of pretraining, empty for the defaults.
        finetune: Recipe file of fine-tuning; its first weights are the encoder's.
        root: Folder of artefacts and metadata.
        model: Folder of the pushed versions; its name is the name to serve under.
        checkpoint_seconds: Time between two checkpoints of pretraining.
        most_flagged: Largest share of the patients that one rule of `echo-keras
            inspect` may flag; those about leaks may flag nobody.
        accepted: Patients whose flags someone has looked at and let pass.
        split_divergence: Largest Jensen-Shannon divergence, 0 to 1, of a measure in
            validation or test from the same in training.
        dataset_divergence: Largest one of a measure between two data sets.
        least_dice: Lowest mean Dice on the test split of a model that is pushed.
        least_slice_dice: Lowest one on its worst slice of the test split.
        slice_patients: Fewest patients by whom a slice is judged.
        image: Container image with this project, for a compiled pipeline.
    """

    name: str = "echo-keras"
    camus: str = ""
    echonet: str = ""
    labelled: typing.Literal["camus", "echonet"] = "camus"
    unlabelled_frames: str = "8"
    max_rejected: float = 0.01
    pretrain: str = ""
    finetune: str = ""
    root: str = "runs/pipeline"
    model: str = "saved_models/lv"
    checkpoint_seconds: float = 60.0
    most_flagged: float = 0.05
    accepted: tuple[str, ...] = ()
    split_divergence: float = 0.3
    dataset_divergence: float = 0.9
    least_dice: float = 0.8
    least_slice_dice: float = 0.7
    slice_patients: int = 5
    image: str = "echo-keras"
