"""What the two Trainers run: pretraining, and fine-tuning with its export."""

import shutil

from echo_keras import config
from echo_keras.serving import export
from echo_keras.training import finetune as finetuning
from echo_keras.training import origin
from echo_keras.training import pretrain as pretraining
from pipeline.tfx import folders


def pretrain(fn_args):
    """Pretrain an encoder, going on where a killed run left it.

    Args:
        fn_args: TFX's `FnArgs`. Its `custom_config` holds `recipe`, the values of a
            `config.Pretrain`, `root` and `checkpoint_seconds`.
    """
    given = fn_args.custom_config
    recipe = config.load(config.Pretrain, **given["recipe"])
    data = records(fn_args.train_files)
    with folders.work(given["root"], "pretrain", *_facts(given, data)) as work:
        if not work.exists():
            pretraining.run(
                recipe, data, work, checkpoint_seconds=given["checkpoint_seconds"]
            )
        folders.deliver(work, fn_args.serving_model_dir)


def finetune(fn_args):
    """Fine-tune a network from the encoder, going on where a killed run left it.

    What it left is exported.

    Args:
        fn_args: TFX's `FnArgs`, with the encoder as `base_model`. Its `custom_config`
            holds `recipe`, the values of a `config.Finetune`, and `root`. The export
            is the model; what training left is the model run.
    """
    given = fn_args.custom_config
    [data] = records(fn_args.train_files)
    facts = (*_facts(given, [data]), fn_args.base_model)
    with folders.work(given["root"], "finetune", *facts) as work:
        if not work.exists():
            with folders.local(fn_args.base_model) as encoder:
                values = {**given["recipe"], "init": str(encoder)}
                finetuning.run(config.load(config.Finetune, **values), data, work)
        exported = work.with_name(f"{work.name}-export")
        shutil.rmtree(exported, ignore_errors=True)  # of a run that was killed here
        version = export.export(work, exported)
        folders.deliver(version, fn_args.serving_model_dir)
        exported.rmdir()
        folders.deliver(work, fn_args.model_run_dir)


def records(patterns):
    """Folders of records, of which TFX tells the files of a split: `FOLDER/SPLIT/*`."""
    return [pattern.rsplit("/", 2)[0] for pattern in patterns]


def _facts(given, data):
    return given["recipe"], given["code"], [origin.records(folder) for folder in data]
