"""用模型茶馆的代码重做这次训练，并比较数字：python repeat.py 代码所在的文件夹

Repeats this training with the Model Teahouse repository at hand, and compares the figures:
    python repeat.py PATH_OF_THE_REPOSITORY [--base FOLDER] [--work FOLDER]
Takes as long as the training took. The repository's requirements.txt must be installed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TRAINING = Path(__file__).resolve().parent / "training"


def main() -> int:
    repository = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    if not (repository / "models" / "finetune" / "repeat.py").is_file():
        print(f"{repository} 不是模型茶馆的代码 / is not the Model Teahouse repository", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "models.finetune.repeat", str(TRAINING), *sys.argv[2:]]
    return subprocess.call(command, cwd=repository)


if __name__ == "__main__":
    sys.exit(main())
