"""Whether anything a model is asked could see the future, proved on the user's own data."""

from painresponse.audit.folder import Audit, audit_folder
from painresponse.audit.makers import Maker, makers_of
from painresponse.audit.proof import Proof
from painresponse.audit.trials import audit

__all__ = ["Audit", "Maker", "Proof", "audit", "audit_folder", "makers_of"]
