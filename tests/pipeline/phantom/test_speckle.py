"""Pictures move like tissue and fill the sector."""

import numpy as np

from pipeline.phantom import camus, echonet, scanner, speckle
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors


def video(index, frames=12):
    random = np.random.default_rng([11, index])
    heart = anatomy.draw(random)
    settings = scanner.draw(heart, random)
    sector = sectors.Sector(
        echonet.SIZE, echonet.SIZE, (55.5, 3.0), settings.depth / 104
    )
    times = np.arange(frames) / 50
    pictures = speckle.frames(heart, settings, sector, times, random)
    return heart, settings, sector, np.stack(list(pictures))


def test_neighbouring_frames_resemble_each_other():
    correlations = []
    for index in range(8):
        *_, frames = video(index)
        inside = frames[0] > 0
        pairs = zip(frames, frames[1:])
        correlations += [np.corrcoef(a[inside], b[inside])[0, 1] for a, b in pairs]
    assert 0.9 < np.median(correlations) < 0.98


def test_outside_the_sector_all_is_black():
    _, settings, sector, frames = video(0)
    x, depth = sectors.pixels(sector)
    out = np.abs(np.arctan2(x, depth)) > settings.half_angle + 0.05
    out |= np.hypot(x, depth) > settings.depth + 2 * sector.millimetres
    assert not frames[:, out].any()
    shares = [(video(index, frames=1)[3] == 0).mean() for index in range(8)]
    assert min(shares) > 0.33
    assert max(shares) < 0.53


def test_blood_is_darker_than_muscle_but_never_plain_black():
    differences = []
    for index in range(12):
        heart, _, sector, frames = video(index, frames=1)
        mask = camus.mask(heart, sector, 0.0)
        blood = frames[0][(mask == anatomy.CAVITY) & (frames[0] > 0)]
        muscle = frames[0][(mask == anatomy.MYOCARDIUM) & (frames[0] > 0)]
        differences.append(muscle.mean() - blood.mean())
        assert blood.std() > 5
    assert np.median(differences) > 15
