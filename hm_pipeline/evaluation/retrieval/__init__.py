"""What retrieval reaches, what each strategy brings, and what a smaller budget would cost."""
