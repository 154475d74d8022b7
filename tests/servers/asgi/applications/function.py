"""Any of the applications as a Lambda function, whose responses are streamed if it is told so."""

import importlib
import os

from meantime import ASGIAdapter

application = importlib.import_module(os.environ["APPLICATION"]).app

lambda_handler = ASGIAdapter(application, streaming="STREAMED" in os.environ)
