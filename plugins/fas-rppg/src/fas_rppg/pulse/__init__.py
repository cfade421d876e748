"""Classic pulse extractors: pure functions of mean skin colors, one file per method.

Each accepts mean colors (T, 3) or (B, T, 3), RGB, in any unit that is proportional to light, and the frame rate in
hertz. It returns a pulse (T,) or (B, T) of the same dtype on the same device. Colors are first divided by their mean,
so that neither exposure nor skin tone scales the result. The sign of a pulse is as published. All raise FascoreError
for other shapes, for colors that are negative or not finite, and for a black channel; methods with windows raise
InsufficientSignal for less than one window.
"""

from fas_rppg.pulse.chrom import chrom
from fas_rppg.pulse.colours import Extractor, InsufficientSignal
from fas_rppg.pulse.green import green
from fas_rppg.pulse.ica import ica
from fas_rppg.pulse.lgi import lgi
from fas_rppg.pulse.omit import omit
from fas_rppg.pulse.pbv import pbv
from fas_rppg.pulse.pos import pos
from fas_rppg.pulse.spectrum import BAND, SHORTEST, heart_rate, power_spectrum, signal_to_noise
from fas_rppg.pulse.surrogates import measured, surrogates

EXTRACTORS: dict[str, Extractor] = {
    "green": green,
    "chrom": chrom,
    "pos": pos,
    "pbv": pbv,
    "lgi": lgi,
    "omit": omit,
    "ica": ica,
}
"""All methods by name."""

__all__ = [
    "BAND",
    "EXTRACTORS",
    "SHORTEST",
    "Extractor",
    "InsufficientSignal",
    "chrom",
    "green",
    "heart_rate",
    "ica",
    "lgi",
    "measured",
    "omit",
    "pbv",
    "pos",
    "power_spectrum",
    "signal_to_noise",
    "surrogates",
]
