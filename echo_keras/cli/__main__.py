"""`python -m echo_keras.cli` is the command `echo-keras`."""

from echo_keras.cli import main

if __name__ == "__main__":
    main(prog_name="echo-keras")
