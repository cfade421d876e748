"""The list of all species of the renderer. The config module imports this, so it does not import numpy."""

from __future__ import annotations

from typing import NamedTuple

from fascore import Task


class Species(NamedTuple):
    """A presentation attack instrument (PAI) species: its task, and the module and class in `fas_phantom.attacks`.

    `own`: the depicted subject presents the attack, which hides or alters part of the subject's own face.
    """

    task: Task
    target: str
    own: bool = False


SPECIES: dict[str, Species] = {
    "print.flat": Species("spoof", "prints:FlatPrint"),
    "replay.screen": Species("spoof", "replay:ScreenReplay"),
    "mask.rigid": Species("spoof", "masks:RigidMask"),
    "forgery.faceswap": Species("forgery", "faceswap:FaceSwap"),
    "print.warped": Species("spoof", "warped:WarpedPrint"),
    "print.cut": Species("spoof", "cut:CutPrint"),
    "replay.phone": Species("spoof", "phone:PhoneReplay"),
    "mask.paper": Species("spoof", "paper:PaperMask"),
    "mask.half": Species("spoof", "half:HalfMask", own=True),
    "mask.silicone": Species("spoof", "silicone:SiliconeMask"),
    "mask.transparent": Species("spoof", "transparent:TransparentMask", own=True),
    "partial.funny_eye": Species("spoof", "eyewear:FunnyEyes", own=True),
    "partial.paper_glasses": Species("spoof", "eyewear:PaperGlasses", own=True),
    "partial.eye_paper": Species("spoof", "paper:EyePaper", own=True),
    "partial.mouth_paper": Species("spoof", "paper:MouthPaper", own=True),
    "glasses": Species("spoof", "eyewear:Glasses", own=True),
    "makeup.cosmetic": Species("spoof", "makeup:Cosmetics", own=True),
    "makeup.obfuscation": Species("spoof", "obfuscation:Obfuscation", own=True),
    "makeup.impersonation": Species("spoof", "impersonation:Impersonation", own=True),
    "mannequin": Species("spoof", "mannequin:Mannequin"),
    "forgery.reenactment": Species("forgery", "reenactment:Reenactment", own=True),
    "forgery.generated": Species("forgery", "generated:Generated", own=True),
    "forgery.lipsync": Species("forgery", "lipsync:LipSync", own=True),
}

DEFAULT: tuple[str, ...] = ("print.flat", "replay.screen", "mask.rigid", "forgery.faceswap")
"""Species that `phantom` renders by default: published scores depend on exactly these. All others must be named."""
