from fascore.testing import conformance

OF_BONA_FIDE = "a pulse is measured on bona fide presentations; attacks need not be there"

test_conformance = conformance(
    "fas-rppg",
    {
        ("metric", "rppg.hr_mae", "one_class"): OF_BONA_FIDE,
        ("metric", "rppg.hr_rmse", "one_class"): OF_BONA_FIDE,
        ("metric", "rppg.snr", "one_class"): OF_BONA_FIDE,
    },
)
