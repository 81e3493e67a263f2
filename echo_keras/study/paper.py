"""The test Dice that Saeed et al. 2022 (arXiv 2201.07219) report, to stand beside ours.

One run each, on frames of 224x224 pixels, pooled over batches of 128 and averaged over
the batches. Its fractions draw images, so that 5 % of them come from more than 5 % of
the patients, and its CAMUS split is its own: four-chamber views of 300, 50 and 50
patients. In CAMUS, (C) and (E) are encoders pretrained on CAMUS and on EchoNet-Dynamic.
"""

FRACTIONS = (1.0, 0.5, 0.25, 0.05)
AGGREGATE = "dice_pooled_per_batch_of_128"
TABLES = {
    "echonet": {
        "random, DeepLabV3": (0.9204, 0.9164, 0.9090, 0.8920),
        "ImageNet, DeepLabV3": (0.9229, 0.9175, 0.9142, 0.8968),
        "SimCLR, DeepLabV3": (0.9252, 0.9242, 0.9190, 0.9125),
        "BYOL, DeepLabV3": (0.9209, None, None, 0.8816),
        "random, UNet": (0.9151, 0.9100, 0.9046, 0.8915),
        "SimCLR, UNet": (0.9185, 0.9157, 0.9078, 0.9048),
        "BYOL, UNet": (0.9070, None, None, 0.8318),
    },
    "camus": {
        "random, DeepLabV3": (0.9095, 0.8941, 0.8731, 0.7803),
        "ImageNet, DeepLabV3": (0.9286, 0.9217, 0.9120, 0.8539),
        "SimCLR (C), DeepLabV3": (0.9105, 0.8862, 0.8851, 0.8450),
        "SimCLR (E), DeepLabV3": (0.9311, 0.9219, 0.9234, 0.9123),
        "random, UNet": (0.9125, 0.8921, 0.8883, 0.8006),
        "SimCLR (C), UNet": (0.9102, 0.8965, 0.8597, 0.8013),
        "SimCLR (E), UNet": (0.9296, 0.9224, 0.9248, 0.9077),
    },
}
