"""The pipeline as a graph of TFX components: the one definition for every runner."""

import dataclasses
import itertools
import json
import pathlib

import tensorflow_data_validation as tfdv
from tfx.components.distribution_validator.component import DistributionValidator
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as pipelines
from tfx.proto import distribution_validator_pb2, trainer_pb2
from tfx.types import channel

from echo_keras import config, errors
from pipeline.tfx import (
    beams,
    datagates,
    examples,
    measures,
    modelgates,
    pages,
    pushed,
    pushing,
    schemas,
    scoring,
    trainers,
    versions,
)

DATASETS = ("camus", "echonet")
COMPARED = ("grey_mean", "grey_deviation", "ventricle_share")
"""Measures whose distributions are compared between splits."""

BETWEEN_DATASETS = ("grey_mean", "grey_deviation")
METADATA = "metadata.db"


@dataclasses.dataclass(frozen=True)
class Data:
    """Components of one data set: its records, measures, statistics and gates."""

    records: object
    statistics: object
    gates: tuple

    @property
    def nodes(self):
        """All nodes, in no order."""
        return [self.records, self.statistics, *self.gates]


def build(recipe, *, beam_args=()):
    """Build the pipeline.

    Args:
        recipe: `config.Pipeline`.
        beam_args: Options for Beam in every component that runs on it.

    Returns:
        TFX's `Pipeline`, with caching and its metadata in SQLite below the root.

    Raises:
        InputError: A recipe or a data set is missing or does not fit.
    """
    sources = _sources(recipe)
    schema = ImportSchemaGen(schema_file=str(schemas.PATH))
    data = {
        dataset: _data(recipe, dataset, source, schema)
        for dataset, source in sources.items()
    }
    nodes = [schema, *itertools.chain(*(theirs.nodes for theirs in data.values()))]
    gates = [gate for theirs in data.values() for gate in theirs.gates]
    for pair in itertools.combinations(data, 2):
        between = _between(recipe, data, pair)
        nodes += between
        gates += between
    models = _models(recipe, data, gates)
    root = pathlib.Path(recipe.root)
    options = beams.options(beam_args)
    return pipelines.Pipeline(
        pipeline_name=recipe.name,
        pipeline_root=recipe.root,
        components=[*nodes, *models],
        enable_cache=True,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            str(root / METADATA)
        ),
        beam_pipeline_args=options,
    )


def _sources(recipe):
    sources = {name: getattr(recipe, name) for name in DATASETS}
    sources = {name: source for name, source in sources.items() if source}
    if recipe.labelled not in sources:
        raise errors.InputError(
            f"the pipeline learns from the labels of {recipe.labelled}, but has no "
            f"folder of it; set {recipe.labelled} in its recipe, or --{recipe.labelled}"
        )
    return sources


def _data(recipe, dataset, source, schema):
    records = examples.EchoExampleGen(
        dataset,
        source,
        unlabelled_frames=recipe.unlabelled_frames,
        max_rejected=recipe.max_rejected,
        root=recipe.root,
    ).with_id(f"EchoExampleGen.{dataset}")
    frames = records.outputs["frames"]
    statistics = StatisticsGen(
        examples=frames,
        stats_options=tfdv.StatsOptions(feature_allowlist=schemas.names()),
    ).with_id(f"StatisticsGen.{dataset}")
    found = statistics.outputs["statistics"]
    validator = ExampleValidator(
        statistics=found, schema=schema.outputs["schema"]
    ).with_id(f"ExampleValidator.{dataset}")
    pairs = [
        (measures.name("labelled", split), measures.name("labelled", "train"))
        for split in ("validation", "test")
    ]
    splits = DistributionValidator(
        statistics=found,
        baseline_statistics=found,
        config=_comparison(COMPARED, recipe.split_divergence),
        include_split_pairs=pairs,
    ).with_id(f"DistributionValidator.{dataset}")
    gates = (
        validator,
        _gate(validator, dataset, node=f"SchemaGate.{dataset}"),
        splits,
        _gate(splits, dataset, node=f"DriftGate.{dataset}"),
        datagates.DomainValidator(
            frames=frames,
            data=dataset,
            most_flagged=recipe.most_flagged,
            accepted=json.dumps(sorted(recipe.accepted)),
            code=versions.digest(*versions.MEASURING, own=("datagates", "measures")),
        ).with_id(f"DomainValidator.{dataset}"),
        pages.StatisticsPage(
            statistics=found,
            frames=frames,
            examples=records.outputs["examples"],
            code=versions.digest(
                *versions.MEASURING,
                own=("pages", "bars", "measures", pages.TEMPLATE.name),
            ),
        ).with_id(f"StatisticsPage.{dataset}"),
    )
    return Data(records, statistics, gates)


def _between(recipe, data, pair):
    first, second = pair
    part = measures.name("labelled", "train")
    compared = DistributionValidator(
        statistics=data[second].statistics.outputs["statistics"],
        baseline_statistics=data[first].statistics.outputs["statistics"],
        config=_comparison(BETWEEN_DATASETS, recipe.dataset_divergence),
        include_split_pairs=[(part, part)],
    ).with_id(f"DistributionValidator.{first}.{second}")
    told = f"{second} against {first}"
    return [compared, _gate(compared, told, node=f"DriftGate.{first}.{second}")]


def _gate(validator, data, *, node):
    return datagates.StatisticsGate(
        anomalies=validator.outputs["anomalies"],
        gate=validator.id.partition(".")[0],
        data=data,
    ).with_id(node)


def _comparison(names, most):
    comparison = distribution_validator_pb2.DistributionValidatorConfig()
    for name in names:
        feature = comparison.default_slice_config.feature.add()
        feature.path.step.append(name)
        feature.distribution_comparator.jensen_shannon_divergence.threshold = most
    return comparison


def _models(recipe, data, gates):
    pretrain = _recipe(config.Pretrain, recipe.pretrain)
    finetune = _recipe(config.Finetune, recipe.finetune)
    exported = (*versions.TRAINING, *versions.EXPORTING)
    splits = trainer_pb2.TrainArgs(splits=["train"])
    none = trainer_pb2.EvalArgs(splits=["validation"])
    every = [theirs.records.outputs["examples"] for theirs in data.values()]
    pretrainer = Trainer(
        run_fn=f"{trainers.__name__}.pretrain",
        examples=channel.union(every) if len(every) > 1 else every[0],
        train_args=splits,
        eval_args=none,
        custom_config={
            "root": recipe.root,
            "code": versions.digest(*versions.TRAINING, own=("trainers",)),
            "recipe": pretrain,
            "checkpoint_seconds": recipe.checkpoint_seconds,
        },
    ).with_id("Trainer.pretrain")
    for gate in gates:
        pretrainer.add_upstream_node(gate)
    own = data[recipe.labelled].records.outputs
    finetuner = Trainer(
        run_fn=f"{trainers.__name__}.finetune",
        examples=own["examples"],
        base_model=pretrainer.outputs["model"],
        train_args=splits,
        eval_args=none,
        custom_config={
            "root": recipe.root,
            "code": versions.digest(*exported, own=("trainers",)),
            "recipe": finetune,
        },
    ).with_id("Trainer.finetune")
    return [pretrainer, finetuner, *_delivery(recipe, own, finetuner.outputs["model"])]


def _delivery(recipe, own, model):
    """What scores, judges, tries and pushes the model."""
    serving = versions.digest(
        *versions.SERVING,
        own=("modelgates", "judging", "scoring", "slices", "measures"),
    )
    frames, records = own["frames"], own["examples"]
    evaluator = scoring.Evaluator(
        examples=records, frames=frames, model=model, code=serving
    )
    evaluation = evaluator.outputs["evaluation"]
    gate = modelgates.ModelGate(
        evaluation=evaluation,
        model=model,
        examples=records,
        frames=frames,
        destination=recipe.model,
        standing=pushed.state(recipe.model),
        least_dice=recipe.least_dice,
        least_slice_dice=recipe.least_slice_dice,
        slice_patients=recipe.slice_patients,
        code=serving,
    )
    infra = modelgates.InfraValidator(model=model, examples=records, code=serving)
    pusher = pushing.Pusher(
        model=model,
        evaluation=evaluation,
        blessing=gate.outputs["blessing"],
        infra_blessing=infra.outputs["blessing"],
        destination=recipe.model,
        metadata=f"{recipe.root}/{METADATA}",
    )
    return [evaluator, gate, infra, pusher]


def _recipe(kind, path):
    recipe = config.load(kind, path or None)
    if kind is config.Finetune and recipe.init != "random":
        raise errors.InputError(
            f"{path} begins from {recipe.init}, but in a pipeline fine-tuning begins "
            "from the encoder that it pretrains; leave init out of the recipe"
        )
    for teacher in getattr(recipe, "teachers", ()):
        if config.is_recipe(teacher):
            raise errors.InputError(
                f"{path} is taught by the recipe {teacher}, which a pipeline does not "
                "train; train it by echo-keras finetune and name its folder instead"
            )
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(recipe).items()
    }
