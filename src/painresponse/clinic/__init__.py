"""What the clinic declares: ``configs/`` as a typed catalogue."""

from painresponse.clinic.catalogue import Catalogue, load_catalogue

__all__ = ["Catalogue", "load_catalogue"]
