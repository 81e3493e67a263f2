"""Which networks of a study teach which."""

import itertools

from echo_keras import errors


def pairs(study, recipes, inits, left_out):
    """Read who teaches whom.

    Args:
        study: `config.Study`.
        recipes: Dict of names of recipes, in the order of the work.
        inits: Dict of names of first weights.
        left_out: Set of recipe, first weights and fraction that the study leaves out.

    Returns:
        Dict of a recipe to the list of pairs of recipe and first weights that teach
        it, where the latter are None if they are those of the student.

    Raises:
        InputError: A name is none of the study's or stands twice or too late, or a
            teacher is left out or not kept.
    """
    found = {}
    order = list(recipes)
    for text in study.teachers:
        student, *words = text.split() or ("",)
        theirs = [_teacher(word) for word in words]
        known = all(r in recipes and i in (None, *inits) for r, i in theirs)
        if not theirs or student not in recipes or not known:
            raise errors.InputError(
                f"teachers holds {text!r}; give a recipe and those that teach it by "
                f"name, all of {', '.join(recipes)}, perhaps with their first weights "
                f"as in {order[0]}/{next(iter(inits))}"
            )
        if student in found or len(set(theirs)) < len(theirs):
            raise errors.InputError(
                f"teachers holds {text!r}, but names {student} or a teacher of it "
                f"twice; write `{student}` once, and after it each of its teachers"
            )
        for teacher, _ in theirs:
            if order.index(teacher) >= order.index(student):
                raise errors.InputError(
                    f"teachers holds {text!r}, but {teacher} does not stand before "
                    f"{student} in recipes; name it earlier there"
                )
        _check_taught(student, theirs, inits, study.fractions, left_out)
        found[student] = theirs
    if found and not study.keep_models:
        raise errors.InputError(
            "keep_models: false removes the networks that are to teach; set "
            "keep_models: true"
        )
    return found


def _teacher(word):
    recipe, stroke, init = word.partition("/")
    return recipe, init if stroke else None


def _check_taught(student, teachers, inits, fractions, left_out):
    """Raise `InputError` where a student that is to run lacks one of its teachers."""
    for init, fraction in itertools.product(inits, fractions):
        if (student, init, fraction) in left_out:
            continue
        theirs = [(recipe, other or init) for recipe, other in teachers]
        for teacher in theirs:
            if (*teacher, fraction) in left_out:
                raise errors.InputError(
                    f"{student} {init} has no teacher at {fraction:g}, since "
                    f"{' '.join(teacher)} is left out; leave out both or none"
                )
            if theirs.count(teacher) > 1:
                raise errors.InputError(
                    f"{' '.join(teacher)} would teach {student} {init} twice; leave "
                    f"out `{student} {init}`"
                )
