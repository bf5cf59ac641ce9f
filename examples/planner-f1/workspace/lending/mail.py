import smtplib
from email.message import EmailMessage


def send(address, subject, text):
    message = EmailMessage()
    message["To"] = address
    message["Subject"] = subject
    message.set_content(text)
    with smtplib.SMTP("localhost", timeout=10) as server:
        server.send_message(message)
