"""Any of the applications as a Lambda function."""

import importlib
import os

from meantime import ASGIAdapter

application = importlib.import_module(os.environ["APPLICATION"]).app

lambda_handler = ASGIAdapter(application)
