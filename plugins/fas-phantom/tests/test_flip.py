"""The cue that flips between sites: prints are blurrier than life at A and sharper at B."""

import cv2
import numpy as np
from fas_phantom.components import Phantom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score


def sharpness(record):
    """Log energy of the finest structure of the face above the grain, relative to its contrast."""
    (frame,) = record.channels["rgb"].read([0])
    x1, y1, x2, y2 = record.annotation.load().boxes[0].clip(0).astype(int)
    gray = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY).astype(np.float32)[y1:y2, x1:x2]
    return [np.log(cv2.Laplacian(cv2.GaussianBlur(gray, (0, 0), 1), cv2.CV_32F).var() / gray.var())]


def measured(site):
    records = Phantom(site=site, subjects=40, frames=1, species=("print.flat",)).records("all")
    return np.array([sharpness(record) for record in records]), np.array([record.label for record in records])


def test_a_model_of_sharpness_alone_that_is_trained_at_a_falls_below_chance_at_b():
    (seen, labels), (other, truth) = measured("A"), measured("B")
    model = LogisticRegression(C=100).fit(seen, labels)
    assert roc_auc_score(labels, model.predict_proba(seen)[:, 1]) > 0.75
    assert roc_auc_score(truth, model.predict_proba(other)[:, 1]) < 0.45
