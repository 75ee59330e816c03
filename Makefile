lock:  ## compile the lock files anew from pyproject.toml
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --extra build --extra stack --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements-stack.txt
	uv pip compile pyproject.toml --extra build --extra stack --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements-dev.txt

conformance: ## run the official OCPP test cases against the real system, as a table
	.venv/bin/python -m pytest tests/conformance -q
