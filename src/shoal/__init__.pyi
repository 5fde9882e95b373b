# Written by `python tests/unit/test_public_names.py` from the table in __init__.py.
from shoal import dask as dask
from shoal import textbook as textbook
from shoal.citation import cite as cite
from shoal.conversion import from_fitted as from_fitted
from shoal.errors import CheckpointError as CheckpointError
from shoal.errors import ClusterError as ClusterError
from shoal.errors import ColumnsError as ColumnsError
from shoal.errors import DataError as DataError
from shoal.errors import DeviceError as DeviceError
from shoal.errors import DivergedError as DivergedError
from shoal.errors import ExportError as ExportError
from shoal.errors import InterruptedWarning as InterruptedWarning
from shoal.errors import InvalidParameterError as InvalidParameterError
from shoal.errors import MemberDivergedWarning as MemberDivergedWarning
from shoal.errors import ModelFileError as ModelFileError
from shoal.errors import OtherScaleWarning as OtherScaleWarning
from shoal.errors import OutputError as OutputError
from shoal.errors import OutsideWarning as OutsideWarning
from shoal.errors import OwnFunctionsError as OwnFunctionsError
from shoal.errors import ShoalError as ShoalError
from shoal.errors import ShoalWarning as ShoalWarning
from shoal.errors import SlowFitWarning as SlowFitWarning
from shoal.errors import TableError as TableError
from shoal.errors import TableWarning as TableWarning
from shoal.errors import TooLargeError as TooLargeError
from shoal.errors import UncalibratedWarning as UncalibratedWarning
from shoal.errors import UnseenWarning as UnseenWarning
from shoal.estimators.classifier import ShoalClassifier as ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor as ShoalRegressor
from shoal.export.torch_module import to_torch as to_torch
from shoal.persistence import from_json as from_json
from shoal.persistence import load as load
from shoal.persistence import save as save
from shoal.report import write_report as write_report
from shoal.search.estimator import ShoalSearchCV as ShoalSearchCV
from shoal.table import TablePath as TablePath
from shoal.table_models.cross_validation import cross_validate as cross_validate
from shoal.table_models.fit import fit as fit
from shoal.table_models.look import look as look
from shoal.table_models.model import TableModel as TableModel
from shoal.textbook.own_functions import OwnActivation as OwnActivation
from shoal.textbook.own_functions import OwnLoss as OwnLoss
from shoal.web.show import show as show

__version__: str
__all__ = [
    "CheckpointError",
    "ClusterError",
    "ColumnsError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "ExportError",
    "InterruptedWarning",
    "InvalidParameterError",
    "MemberDivergedWarning",
    "ModelFileError",
    "OtherScaleWarning",
    "OutputError",
    "OutsideWarning",
    "OwnActivation",
    "OwnFunctionsError",
    "OwnLoss",
    "ShoalClassifier",
    "ShoalError",
    "ShoalRegressor",
    "ShoalSearchCV",
    "ShoalWarning",
    "SlowFitWarning",
    "TableError",
    "TableModel",
    "TablePath",
    "TableWarning",
    "TooLargeError",
    "UncalibratedWarning",
    "UnseenWarning",
    "__version__",
    "cite",
    "cross_validate",
    "fit",
    "from_fitted",
    "from_json",
    "load",
    "look",
    "save",
    "show",
    "textbook",
    "to_torch",
    "write_report",
]
