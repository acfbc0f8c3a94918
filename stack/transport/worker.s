// A file of this kind lets worker.go declare functions whose bodies are elsewhere.
