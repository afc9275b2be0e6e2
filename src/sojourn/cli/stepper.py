"""A journey's stages in one line: what is done, where it is, what lies ahead."""

from rich.text import Text

from sojourn.cli import screen
from sojourn.core.journeys import JourneyState
from sojourn.core.paths import Path
from sojourn.core.stages import JourneyStage

DONE, HERE, AHEAD = ("✓", "good"), ("▶", "bold"), ("·", "dim")
ENDS = {
    JourneyStage.COMPLETED: ("✓ completed", "good"),
    JourneyStage.CANCELLED: ("✗ cancelled", "bad"),
}


def steps(state: JourneyState, path: Path) -> Text:
    """Return every stage by name: ``✓ sandbox → ▶ pilot → · production``."""
    parts = [_step(state, name) for name in path.names]
    if state.ended:
        parts.append(screen.text(*ENDS[JourneyStage(state.current_stage)]))
    elif state.target_stage:
        parts.append(screen.text(f"↩ rolling back to {state.target_stage}", "warn"))
    return Text(" → ").join(parts)


def _step(state: JourneyState, name: str) -> Text:
    done = name in state.completed_stages
    icon, style = HERE if name == state.current_stage else DONE if done else AHEAD
    return screen.text(f"{icon} {name}", style)


def short(state: JourneyState, path: Path) -> Text:
    """Return the stages as icons, and the present one's name: ``✓▶· pilot``."""
    if state.ended:
        return screen.text(*ENDS[JourneyStage(state.current_stage)])
    if state.target_stage:
        return screen.text(f"↩ rollback to {state.target_stage}", "warn")
    icons = (HERE if n == state.current_stage else _past(state, n) for n in path.names)
    line = Text.assemble(*(screen.text(*icon) for icon in icons))
    return line.append(f" {screen.clean(state.current_stage)}", "bold")


def _past(state: JourneyState, name: str) -> tuple[str, str]:
    return DONE if name in state.completed_stages else AHEAD
