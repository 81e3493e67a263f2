"""Which split a patient belongs to, whatever the number of patients."""


def assign(patients, shares):
    """Deal patients out to splits, always to the one that is furthest behind.

    The first patients go one to each split, so that none stays empty for long.

    Args:
        patients: Number of patients.
        shares: Dict of split to its share; the shares sum to 1.

    Returns:
        List of split names, one a patient; a longer list begins with a shorter one.
    """
    counts = dict.fromkeys(shares, 0)
    dealt = []
    for number in range(1, patients + 1):
        empty = [split for split in counts if not counts[split]]
        behind = {split: shares[split] * number - counts[split] for split in counts}
        split = empty[0] if empty else max(behind, key=behind.get)
        counts[split] += 1
        dealt.append(split)
    return dealt
