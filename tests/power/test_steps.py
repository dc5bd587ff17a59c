"""Power goes at every call in turn, of every way in which files change."""

from __future__ import annotations

import pytest
from play import Play, Scene
from scenes import SCENES
from stage import check_restart, perform, prepare, wait_for_no_strangers
from support.disk import Disk
from world import World

# More calls than any scene has.
CALLS_MAX = 400


@pytest.mark.parametrize("by_chance", [False, True], ids=["strict", "by chance"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_power_goes_at_every_call(world: World, scene: Scene, by_chance: bool, seed: int) -> None:
    template = prepare(world, scene)
    for call in range(1, CALLS_MAX):
        disk = world.keep(Disk(template.root))
        disk["seed"] = (seed << 20) + call if by_chance else 0
        disk["cut_at"] = call
        play = perform(world, scene, disk, strict=True)
        context = f"{scene.name}, power gone at call {call}, seed {disk['seed']}:\n{disk.trace()}"
        disk["cut_at"] = 0  # what is done in the background shall not reach it now
        if not disk.is_cut and (play.server.running or play.ended):
            break
        after = world.after_power_loss(disk, play.server)
        check_restart(world, scene, after.root, play, context)
        world.drop(play.server, disk, after)
    else:
        raise AssertionError(f"more than {CALLS_MAX} calls")
    check_end(world, scene, play, disk, context)


def check_end(world: World, scene: Scene, play: Play, disk: Disk, context: str) -> None:
    """The whole scene was played: what it ended with is there, whether the server was ended or not."""
    if play.ended:
        play.server.wait_exit(0)
        play.promise()
    else:
        wait_for_no_strangers(disk.root)
        play.server.check_alive()
        play.server.kill()
    after = world.keep(disk.after_power_loss())
    check_restart(world, scene, after.root, play, "power gone at the end\n" + context)
    check_restart(world, scene, disk.root, play, "killed at the end\n" + context)
